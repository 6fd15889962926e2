"""Phases as arrays of Slurm jobs.

launcher      submits the jobs of a run, each after the one before it
phase_array   the tasks of a phase as datatrove's Slurm executor, which also chooses the tasks of a job
commands      sbatch, squeue, scancel and scontrol
settings      its parameters
on_node       what a job runs: `python -m curate.engine.slurm.on_node`
"""
