# haproxy from the system's package, with a configuration made of fragments.
class haproxy (
  String $package_ensure = 'present',
  String $package_name = 'haproxy',
  Variant[Enum['running', 'stopped'], Boolean] $service_ensure = 'running',
  Boolean $service_manage = true,
  String $service_options = "ENABLED=1\n",
  Hash $global_options = {},
  Hash $defaults_options = {},
  Boolean $merge_options = true,
  Optional[String] $restart_command = undef,
  Optional[String] $custom_fragment = undef,
  String $config_file = '/etc/haproxy/haproxy.cfg',
  Optional[String] $config_validate_cmd = '/usr/sbin/haproxy -f % -c',
) {
  haproxy::instance { $title:
    package_ensure   => $package_ensure,
    package_name     => $package_name,
    service_ensure   => $service_ensure,
    service_manage   => $service_manage,
    service_options  => $service_options,
    global_options   => $global_options,
    defaults_options => $defaults_options,
    merge_options    => $merge_options,
    restart_command  => $restart_command,
    custom_fragment  => $custom_fragment,
    config_file      => $config_file,
    validate_cmd     => $config_validate_cmd,
  }
}
