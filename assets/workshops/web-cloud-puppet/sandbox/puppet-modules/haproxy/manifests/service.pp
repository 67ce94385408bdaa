# The service, and what its start script reads.
define haproxy::service (
  $service_ensure,
  Boolean $service_manage,
  $service_options,
  Optional[String] $restart_command = undef,
) {
  if $service_manage {
    file { '/etc/default/haproxy':
      content => $service_options,
      before  => Service['haproxy'],
    }
    service { 'haproxy':
      ensure  => $service_ensure,
      enable  => $service_ensure in ['running', true],
      restart => $restart_command,
    }
  }
}
