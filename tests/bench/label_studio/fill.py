"""Run by Label Studio's own python in its folder: READERS TASKS REGIONS ANNOTATED. Fills its database and
says, as the last line, the project and a token a reader."""

from __future__ import annotations

import json
import os
import sys
import uuid

CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="label" toName="image"><Label value="lesion"/></RectangleLabels>
<Choices name="verdict" toName="image" perRegion="true"><Choice value="primary"/><Choice value="other"/>
<Choice value="not a lesion"/></Choices></View>"""
PLAIN = {
    "boolean": "false",
    "jsonb": "'{}'::jsonb",
    "character varying": "''",
    "text": "''",
    "integer": "0",
    "bigint": "0",
    "double precision": "0",
    "timestamp with time zone": "now()",
    "uuid": "gen_random_uuid()",
}


def insert(table: str, source: str, values: dict[str, str], given: dict[str, object]) -> None:
    """Rows from a SELECT; columns that must have a value and were not named get a plain one."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s "
            "AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
            [table],
        )
        for name, kind in cursor.fetchall():
            values.setdefault(name, PLAIN[kind])
        columns, wanted = ", ".join(f'"{name}"' for name in values), ", ".join(values.values())
        # All of it is written in this file or named by the database itself.
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {wanted} FROM {source}", given)  # noqa: S608


def main() -> None:
    sys.path.insert(0, os.getcwd())
    import django

    django.setup()
    # Label Studio's own, which no other environment has.
    from organizations.models import Organization
    from projects.models import Project
    from rest_framework.authtoken.models import Token
    from users.models import User

    readers, tasks, regions, annotated = (int(word) for word in sys.argv[1:5])
    users = [
        User.objects.create_user(f"reader{n}@example.org", uuid.uuid4().hex, username=f"reader{n}")
        for n in range(readers)
    ]
    organization = Organization.create_organization(created_by=users[0], title="load")
    for user in users:
        organization.add_user(user)
        user.active_organization = organization
        user.save()
    organization.jwt.legacy_api_tokens_enabled = True
    organization.jwt.save()
    project = Project.objects.create(
        title="load",
        created_by=users[0],
        organization=organization,
        label_config=CONFIG,
        model_version="v1",
        show_collab_predictions=True,
    )
    result = [
        {
            "id": f"r{n}",
            "from_name": "label",
            "to_name": "image",
            "type": "rectanglelabels",
            "value": {"x": 10, "y": 5 * n, "width": 8, "height": 4, "rectanglelabels": ["lesion"]},
            "score": 1 / (n + 1),
        }
        for n in range(regions)
    ]
    given = {
        "project": project.pk,
        "tasks": tasks,
        "data": json.dumps({"image": "/static/none.png"}),
        "result": json.dumps(result),
        "regions": regions,
        "annotated": annotated,
        "reader": users[0].pk,
    }
    insert(
        "task",
        "generate_series(1, %(tasks)s) n",
        {
            "project_id": "%(project)s",
            "data": "%(data)s::jsonb",
            "overlap": "1",
            "inner_id": "n",
            "total_predictions": "1",
            "total_annotations": "%(annotated)s",
            "is_labeled": "%(annotated)s = 1",
        },
        given,
    )
    insert(
        "prediction",
        "task",
        {
            "task_id": "id",
            "project_id": "%(project)s",
            "result": "%(result)s::jsonb",
            "model_version": "'v1'",
        },
        given,
    )
    if annotated:
        insert(
            "task_completion",
            "prediction",
            {
                "task_id": "task_id",
                "project_id": "project_id",
                "completed_by_id": "%(reader)s",
                "parent_prediction_id": "id",
                "result": "result",
                "result_count": "%(regions)s",
                "lead_time": "60",
                "unique_id": "gen_random_uuid()",
            },
            given,
        )
    print(json.dumps({"project": project.pk, "tokens": [Token.objects.get(user=u).key for u in users]}))


if __name__ == "__main__":
    main()
