/**
 * Every keyword of keepalived's VRRP side, by the section of keepalived-and-vrrp.md that has it (taken from its tables and its
 * appendix A). A word that several blocks have is written BLOCK.WORD, as in docs/KNOBS.md.
 */
export const KEYWORDS: Readonly<Record<string, string>> = {
  '§1.3': `vrrp_instance vrrp_sync_group vrrp_script track_file vrrp_track_file vrrp_track_process bfd_instance
    virtual_server virtual_server_group SSL static_ipaddress static_routes static_rules track_group garp_group
    linkbeat_interfaces linkbeat_use_polling interface_up_down_delays net_namespace net_namespace_ipvs
    namespace_with_ipsets instance use_pid_dir child_wait_time`,
  '§1.4, identity, mail, scripts': `router_id notification_email notification_email_from smtp_server smtp_helo_name
    smtp_connect_timeout smtp_alert smtp_alert_vrrp smtp_alert_checker no_email_faults no_checker_emails
    checker_log_all_failures script_user enable_script_security use_symlink_paths set_supplementary_groups
    startup_script startup_script_timeout shutdown_script shutdown_script_timeout notify_fifo notify_fifo_script
    vrrp_notify_fifo vrrp_notify_fifo_script lvs_notify_fifo lvs_notify_fifo_script fifo_write_vrrp_states_on_reload
    vrrp_notify_priority_changes rs_init_notifies process_names process_name vrrp_process_name checker_process_name
    lvs_process_name bfd_process_name`,
  '§1.4, VRRP': `vrrp_version vrrp_mcast_group4 vrrp_mcast_group6 default_interface vrrp_garp_master_delay
    vrrp_garp_master_repeat vrrp_garp_lower_prio_delay vrrp_garp_lower_prio_repeat vrrp_garp_master_refresh
    vrrp_garp_master_refresh_repeat vrrp_garp_interval vrrp_gna_interval vrrp_min_garp vrrp_garp_extra_if
    vrrp_vmac_garp_intvl vrrp_down_timer_adverts vrrp_lower_prio_no_advert vrrp_higher_prio_send_advert
    vrrp_owner_ignore_adverts vrrp_check_unicast_src vrrp_skip_check_adv_addr vrrp_strict v3_checksum_as_v2
    vrrp_startup_delay vrrp_delay_after_boot log_unknown_vrids dynamic_interfaces vmac_prefix vmac_addr_prefix
    disable_local_igmp vrrp_rx_bufs_policy vrrp_rx_bufs_multiplier vrrp_netlink_cmd_rcv_bufs
    vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_monitor_rcv_bufs vrrp_netlink_monitor_rcv_bufs_force
    process_monitor_rcv_bufs process_monitor_rcv_bufs_force`,
  '§1.4, scheduling': `vrrp_priority vrrp_rt_priority vrrp_rlimit_rttime vrrp_rlimit_rtime vrrp_cpu_affinity vrrp_no_swap
    checker_priority checker_rt_priority checker_rlimit_rttime checker_rlimit_rtime checker_cpu_affinity checker_no_swap
    bfd_priority bfd_rt_priority bfd_rlimit_rttime bfd_rlimit_rtime bfd_cpu_affinity bfd_no_swap max_auto_priority
    min_auto_priority_delay umask`,
  '§1.4, LVS': `lvs_sync_daemon lvs_timeouts lvs_flush lvs_flush_on_stop lvs_flush_onstop lvs_netlink_cmd_rcv_bufs
    lvs_netlink_cmd_rcv_bufs_force lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force nftables_ipvs
    nftables_ipvs_priority nftables_ipvs_start_fwmark`,
  '§1.4, firewall, management, reload': `nftables nftables_priority nftables_counters nftables_ifindex vrrp_iptables
    vrrp_ipsets snmp_socket enable_snmp_vrrp enable_snmp_keepalived enable_snmp_checker enable_snmp_rfc enable_snmp_rfcv2
    enable_snmp_rfcv3 enable_traps snmp_vs_stats_update_interval snmp_rs_stats_update_interval enable_dbus
    dbus_service_name dbus_no_interface_name json_version state_dump_file stats_dump_file json_dump_file
    data_use_instance reload_check_config reload_time_file reload_repeat reload_file config_save_dir
    tmp_config_directory include_check random_seed iproute_usr_dir iproute_etc_dir`,
  '§1.5': `state interface virtual_router_id priority advert_int version virtual_ipaddress virtual_ipaddress_excluded
    no_virtual_ipaddress authentication auth_type auth_pass auth_hmac auth_hmac.key auth_hmac.active_key
    auth_hmac.anti_replay auth_hmac.time_window auth_hmac.mode unicast_src_ip unicast_peer min_ttl max_ttl unicast_ttl
    check_unicast_src unicast_fault_no_peer mcast_src_ip track_src_ip mcast_dst_ip old_unicast_checksum nopreempt
    preempt preempt_delay garp_master_delay garp_master_repeat garp_master_refresh garp_master_refresh_repeat
    garp_lower_prio_delay garp_lower_prio_repeat garp_extra_if vmac_garp_intvl down_timer_adverts lower_prio_no_advert
    higher_prio_send_advert owner_ignore_adverts timer_expired_backup thread_timer_expired track_interface
    dont_track_primary track_script track_process track_bfd use_vmac use_vmac_addr vmac_xmit_base use_ipvlan vrf accept
    no_accept promote_secondaries virtual_routes virtual_rules notify_master notify_backup notify_fault notify_stop
    notify_deleted notify notify_master_rx_lower_pri notify_priority_changes skip_check_adv_addr strict_mode
    kernel_rx_buf_size debug native_ipv6 vrrp_instance.linkbeat_use_polling lvs_sync_daemon_interface`,
  '§1.6': `brd virtual_ipaddress.dev virtual_ipaddress.use_vmac scope label peer home -nodad mngtmpaddr noprefixroute
    autojoin no_track preferred_lft`,
  '§1.7, routes': `virtual_routes.type via virtual_routes.dev src virtual_routes.table metric virtual_routes.scope
    virtual_routes.tos proto mtu lock advmss rtt rttvar window cwnd ssthresh virtual_routes.realms rto_min
    virtual_routes.hoplimit initcwnd initrwnd features quickack congctl pref onlink expires encap ttl-propagate
    fastopen_no_cookie nexthop weight or virtual_routes.vrf virtual_routes.no_track virtual_routes.track_group add
    prepend append`,
  '§1.7, rules': `not from to lookup virtual_rules.priority virtual_rules.tos fwmark iif oif virtual_rules.realms
    suppress_prefixlength suppress_ifgroup tunnel-id uidrange l3mdev ipproto sport dport protocol goto nop
    virtual_rules.type virtual_rules.no_track virtual_rules.track_group`,
  '§1.8': `group vrrp_sync_group.track_interface vrrp_sync_group.track_script vrrp_sync_group.track_file
    vrrp_sync_group.track_process vrrp_sync_group.track_bfd vrrp_sync_group.notify_master vrrp_sync_group.notify_backup
    vrrp_sync_group.notify_fault vrrp_sync_group.notify_stop vrrp_sync_group.notify vrrp_sync_group.smtp_alert
    vrrp_sync_group.notify_priority_changes sync_group_tracking_weight global_tracking`,
  '§1.9': `vrrp_script.script vrrp_script.interval vrrp_script.timeout vrrp_script.rise vrrp_script.fall weight reverse
    vrrp_script.user init_fail vrrp_track_file.file vrrp_track_file.weight init_file process param_match full_command
    vrrp_track_process.quorum quorum_max vrrp_track_process.delay fork_delay terminate_delay`,
  '§1.10': `neighbor_ip neighbour_ip source_ip min_rx min_tx idle_tx multiplier passive ttl hoplimit max_hops multihop
    bfd_instance.weight bfd_instance.vrrp bfd_instance.checker`,
  '§1.11': 'MASTER_RX_LOWER_PRI MASTER_PRIORITY BACKUP_PRIORITY',
  '§1.13': `arp_ignore arp_filter accept_local rp_filter netlink_notify_msg use_vmac.group`,
  '§1.3, garp_group': 'garp_interval gna_interval garp_group.interface garp_group.interfaces',
}
