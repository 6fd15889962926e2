"""The tasks of a run: documents of one shard through stages (map), rows of one partition through a reduction (reduce).

map_task        one task of a map phase             task_inputs     what it reads, and the key made of all that
reduce_task     one task of a reduce phase          stage_runners   one generator for each stage of a phase
recorder        ledger and time of a task            rejects         the documents that it dropped
judgements      what was measured of each document whose way ended
"""
