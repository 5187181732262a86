-- Version 4: what is looked for every second, among all VMs. Applied once; a change is a new file, never an edit of this one.

CREATE INDEX vm_with_services ON lab.vm (id) WHERE run_id IS NULL AND services <> '[]';
CREATE INDEX vm_recovered_services ON lab.vm (id) WHERE source_vm_id IS NOT NULL AND services <> '[]';
