from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('harvest', '0005_phase_identification'),
    ]

    operations = [
        migrations.AddField(
            model_name='importjob',
            name='dataset',
            field=models.CharField(blank=True, default='', max_length=20),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='importjob',
            name='dataset_phase',
            field=models.CharField(blank=True, default='', max_length=40),
            preserve_default=False,
        ),
    ]
