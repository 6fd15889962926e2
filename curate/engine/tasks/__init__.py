"""The tasks of a run: documents of one shard through stages (map), rows of some parts through a reduction (reduce),
rows of many files into one (merge), documents into files (write).

map_task        one task of a map phase             task_inputs     what it reads, and the key made of all that
reduce_task, merge_task    of those phases          stage_runners   one generator for each stage of a phase
write_task      one task of a write phase           data_files      which document belongs to which file
sources         documents as a source makes them    trial_reader    those of a trial
by_document     filters and transforms              contracts       what is checked of their answers
cases           parameters for some documents       failing_documents   what a function fails on
recorder        ledger and time of a task           rejects         the documents that it dropped
former_results  those that are there already, here or in a neighbouring run folder
outgoing        what comes out: columns and dates   judgements      what was measured of each document whose way ended
"""
