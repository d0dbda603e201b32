from django.db import migrations, models


def mark_ready(apps, schema_editor):
    """Studies of before this were registered by their import."""
    studies = apps.get_model("harvest", "Study").objects
    studies.update(preparation="ready")
    studies.filter(has_liver=False).update(liver_source="none")
    # What an ended import found has been looked at; one that runs is looked through again.
    jobs = apps.get_model("harvest", "ImportJob").objects
    jobs.filter(state__in=("succeeded", "failed", "cancelled")).update(looked_through=True)


OUTCOMES = [(o, o) for o in ("waiting", "taken", "duplicate", "refused", "phases_needed")]
STATES = [(s, s) for s in ("waiting", "running", "ready", "failed")]
SOURCES = [(s, s) for s in ("supplied", "found", "none")]


class Migration(migrations.Migration):

    dependencies = [
        ('harvest', '0007_labels'),
    ]

    operations = [
        migrations.AddField('importitem', 'tries', models.PositiveSmallIntegerField(default=0)),
        migrations.AlterField('importitem', 'outcome', models.CharField(choices=OUTCOMES, max_length=16)),
        migrations.AddField('importjob', 'looked_through', models.BooleanField(default=False)),
        migrations.AddField(
            'importjob',
            'registration',
            models.CharField(blank=True, default='', max_length=12),
            preserve_default=False,
        ),
        migrations.AddField(
            'study',
            'liver_source',
            models.CharField(blank=True, choices=SOURCES, default='', max_length=8),
            preserve_default=False,
        ),
        migrations.AddField(
            'study', 'preparation', models.CharField(choices=STATES, default='waiting', max_length=8)
        ),
        migrations.AddField('study', 'preparation_error', models.JSONField(null=True)),
        migrations.AddField('study', 'preparation_tries', models.PositiveSmallIntegerField(default=0)),
        migrations.AddField(
            'study',
            'registration',
            models.CharField(blank=True, default='', max_length=12),
            preserve_default=False,
        ),
        migrations.RunPython(mark_ready, migrations.RunPython.noop),
        migrations.AddIndex(
            'study',
            models.Index(
                condition=~models.Q(preparation='ready'), fields=['created_at'], name='study_not_ready'
            ),
        ),
    ]
