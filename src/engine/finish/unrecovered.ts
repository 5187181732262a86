/**
 * What becomes of a recovered group of which no VM is recovered any more, or none ever was: its replication has ended, and there is nothing to
 * reprotect. For SET of protection_group.
 */
export const endedProtection = `state = 'NOT_READY', peer_state = 'NOT_READY', fault_code = 'PROTECTION_ENDED',
  fault_message = 'It was promoted by a recovery, and none of its VMs is recovered: it is replicated no more.', fault_since = dr_now()`;
