/** What the REST reference has: each endpoint with the names of its parameters and fields, and its values, for the guides' tests. */
export const endpoints: Readonly<Record<string, string>> = {
  "POST /api/sessions": "session_id user created_time expires_time",
  "DELETE /api/sessions": "",
  "GET /api/protection-groups":
    "filter_property filter sort_by sort_order list id name description type state peer_state protection_state resource_count storage_count recovery_plan_count last_test_time fault paging_info total_count page_size page_number",
  "POST /api/protection-groups":
    "name description type input_spec storage_groups source_storage target_storage resources replication_settings rpo_minutes point_in_time_instances consistency_groups",
  "GET /api/protection-groups/{pg-id}":
    "id name description type state peer_state protection_state vm_count vms vm_id placeholder_vm_id needs_configuration fault datastores datastore_id capacity_bytes free_bytes replication_state recovery_plans",
  "PUT /api/protection-groups/{pg-id}": "name description",
  "DELETE /api/protection-groups/{pg-id}": "force",
  "POST /api/protection-groups/{pg-id}/vms": "vms",
  "DELETE /api/protection-groups/{pg-id}/vms/{vm-id}": "",
  "GET /api/recovery-plans":
    "list id name description state peer_state protection_group_count vm_count last_test_time last_test_result last_recovery_time last_recovery_result fault",
  "POST /api/recovery-plans":
    "name description protection_groups protection_group_id recovery_priority_group priority recovery_settings default_vm_priority default_startup_delay_seconds default_shutdown_delay_seconds",
  "GET /api/recovery-plans/{rp-id}":
    "id name description state peer_state protection_groups protection_group_id recovery_priority_group priority recovery_priority_groups vm_count pre_power_on_steps post_power_on_steps step_type command timeout_seconds run_on_site vm_recovery_settings vm_id vm_name startup_delay_seconds shutdown_delay_seconds depends_on_vms ip_customization enabled rules source_ip target_ip target_subnet target_gateway",
  "PUT /api/recovery-plans/{rp-id}": "",
  "DELETE /api/recovery-plans/{rp-id}": "",
  "POST /api/recovery-plans/{rp-id}/protection-groups": "protection_group_id recovery_priority_group priority name",
  "PUT /api/recovery-plans/{rp-id}/priority-groups":
    "priority_groups priority name pre_power_on_steps step_type message post_power_on_steps command timeout_seconds run_on_site continue_on_failure",
  "POST /api/recovery-plans/{rp-id}/recovery":
    "recovery_type sync_data recovery_options power_on_vms run_scripts recovery_point_type task_id state start_time progress_percent recovery_history_id",
  "GET /api/recovery-plans/{rp-id}/recovery":
    "task_id recovery_type state progress_percent current_step start_time estimated_completion_time",
  "POST /api/recovery-plans/{rp-id}/recovery/cancel": "",
  "POST /api/recovery-plans/{rp-id}/recovery/prompt": "prompt_id response",
  "GET /api/recovery-plans/{rp-id}/recovery-history":
    "list id recovery_plan_id recovery_plan_name recovery_type state result_state start_time end_time duration_seconds initiated_by vm_count vms_succeeded vms_failed warnings_count",
  "GET /api/recovery-plans/{rp-id}/recovery-history/{rh-id}":
    "id recovery_plan_id recovery_type state result_state start_time end_time recovery_priority_groups priority name vm_recoveries vm_id vm_name recovery_vm_id power_state ip_address errors warnings step_results step_name step_type output duration_seconds code message",
  "POST /api/recovery-plans/{rp-id}/cleanup": "recovery_history_id force",
  "POST /api/recovery-plans/{rp-id}/reprotect": "recovery_history_id options reverse_replication sync_data",
  "GET /api/recovery-plans/{rp-id}/reprotect": "task_id state progress_percent vms_reprotected vms_total current_vm",
  "POST /api/recovery-plans/{rp-id}/planned-failover": "sync_data shutdown_source_vms options power_on_vms run_scripts",
  "GET /api/vms":
    "protection_group_id protection_state needs_configuration list vm_id name protection_group_name placeholder_vm_id placeholder_vm_name replication_state rpo_violation last_sync_time",
  "GET /api/vms/{vm-id}":
    "vm_id name protection_group_id protection_state placeholder_vm_id source_site site_id vcenter datacenter cluster host datastore recovery_site resource_pool folder recovery_settings priority startup_delay_seconds shutdown_delay_seconds skip_guest_shutdown power_on_after_recovery replication_info replication_type rpo_minutes last_sync_time lag_seconds state",
  "PUT /api/vms/{vm-id}/recovery-settings":
    "priority startup_delay_seconds shutdown_delay_seconds skip_guest_shutdown power_on_after_recovery depends_on_vms ip_customization enabled rules nic_id source_ip target_ip target_subnet_mask target_gateway target_dns_servers target_dns_suffix pre_power_on_commands command timeout_seconds run_in_guest post_power_on_commands guest_credentials username password_secret_id",
  "PUT /api/vms/{vm-id}/network-mappings": "network_mappings source_network target_network test_network",
  "GET /api/sites": "list site_id name type state vcenter_server srm_server srm_version vcenter_version",
  "GET /api/sites/{site-id}/pairing":
    "local_site_id local_site_name remote_site_id remote_site_name pairing_state connection_state last_heartbeat replication_health array_managers id name type state replicated_devices vr_servers replicated_vms",
  "GET /api/sites/{site-id}/summary":
    "site_id protection_groups_count recovery_plans_count protected_vms_count placeholder_vms_count last_test_date rpo_violations_count issues_count",
  "GET /api/inventory/datastores":
    "site_id replication_state list datastore_id name type capacity_bytes free_bytes protection_group_id array_manager replicated_device_id",
  "GET /api/inventory/networks": "list network_id name type vlan_id site_id",
  "GET /api/inventory/resource-pools":
    "list resource_pool_id name cluster cpu_limit_mhz cpu_reservation_mhz memory_limit_mb memory_reservation_mb vm_count site_id",
  "GET /api/inventory/folders": "list folder_id name path type site_id",
  "GET /api/inventory/mappings":
    "network_mappings id source_network target_network test_network folder_mappings source_folder target_folder resource_mappings source_resource target_resource",
  "GET /api/tasks": "state type start_time_after list task_id name progress_percent start_time initiated_by target_id target_type",
  "GET /api/tasks/{task-id}":
    "task_id name type state progress_percent start_time current_step steps step_number duration_seconds errors warnings",
  "POST /api/tasks/{task-id}/cancel": "",
  "GET /api/recovery-plans/{rp-id}/test-history":
    "list test_id test_date result duration_seconds vms_recovered vms_failed rpo_achieved_seconds rto_achieved_seconds initiated_by notes",
  "POST /api/reports/compliance": "report_type date_range start_date end_date recovery_plans format report_id state download_url",
  "GET /api/reports/{report-id}": "report_id report_type state generated_time download_url expires_time",
  "GET /api/reports/rpo-violations":
    "list vm_id vm_name protection_group configured_rpo_minutes current_lag_minutes violation_start_time cause total_violations",
};

/** Its lists of values, by the enum that holds them here. */
export const values: Readonly<Record<string, string>> = {
  ProtectionGroupType: "replication snapshot continuous",
  ProtectionState: "not_configured partially_configured protected not_protected",
  VmProtectionState: "not_configured configuring shadowing not_shadowing error",
  RecoveryPlanState: "ready not_ready running prompting error",
  PlanStepType: "command prompt pause",
  RecoveryType: "test planned disaster",
  RecoveryState: "not_started running prompting paused cancelling completed failed",
  PromptAnswer: "continue skip abort",
  VmPriority: "lowest low normal high highest",
  SiteType: "protected recovery",
  ConnectionState: "connected disconnected partially_connected",
  TaskState: "queued running completed failed cancelled",
  TaskType: "recovery cleanup reprotect planned_failover protection_group_create protection_group_delete",
  ErrorCode: "INVALID_REQUEST UNAUTHORIZED FORBIDDEN NOT_FOUND CONFLICT PRECONDITION_FAILED INTERNAL_ERROR SERVICE_UNAVAILABLE",
};

/** Its glossary. */
export const terms = [
  "Protection group",
  "Recovery plan",
  "Placeholder VM",
  "Shadowing",
  "Reprotection",
  "RPO",
  "RTO",
  "SRA",
  "vSphere Replication",
];

/** Its words for AWS DRS, in its comparison. */
export const awsTerms = [
  "source server",
  "recovery job",
  "agent",
  "drill",
  "recovery",
  "reverse replication",
  "wave",
  "launch template",
  "AWS Signature V4",
  "boto3",
  "AWS CLI",
];
