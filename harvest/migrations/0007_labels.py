import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('harvest', '0006_import_dataset'),
    ]

    operations = [
        migrations.AddField(
            model_name='study',
            name='shifted_date',
            field=models.DateField(null=True),
        ),
        migrations.CreateModel(
            name='LabelImport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('window_days', models.PositiveSmallIntegerField()),
                ('changes', models.JSONField(default=list)),
                ('undone_at', models.DateTimeField(null=True)),
                ('cohort', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='label_imports', to='harvest.cohort')),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('created_at', 'id'),
                'abstract': False,
            },
        ),
    ]
