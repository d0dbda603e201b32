import django.contrib.postgres.fields
import django.db.models.deletion
import harvest.models.study
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('harvest', '0009_network'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='series',
            name='image_revision',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='series',
            name='nudge_error',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='series',
            name='nudge_mm',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), default=harvest.models.study.no_nudge, size=3),
        ),
        migrations.CreateModel(
            name='PhaseNudge',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('revision', models.PositiveIntegerField()),
                ('offset_mm', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=3)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('series', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='nudges', to='harvest.series')),
            ],
            options={
                'ordering': ('revision',),
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('series', 'revision'), name='nudge_revision')],
            },
        ),
    ]
