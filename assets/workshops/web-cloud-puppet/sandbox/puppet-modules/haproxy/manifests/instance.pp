# One running haproxy: the package, its configuration, then its service, which is restarted when
# the configuration changes.
define haproxy::instance (
  $package_ensure,
  $package_name,
  $service_ensure,
  $service_manage,
  $service_options,
  Hash $global_options,
  Hash $defaults_options,
  Boolean $merge_options,
  Optional[String] $restart_command = undef,
  Optional[String] $custom_fragment = undef,
  String $config_file,
  Optional[String] $validate_cmd = undef,
) {
  anchor { "haproxy::${title}::begin": }
  -> haproxy::install { $title:
    package_name   => $package_name,
    package_ensure => $package_ensure,
  }
  -> haproxy::config { $title:
    config_file      => $config_file,
    validate_cmd     => $validate_cmd,
    global_options   => $global_options,
    defaults_options => $defaults_options,
    merge_options    => $merge_options,
    custom_fragment  => $custom_fragment,
  }
  ~> haproxy::service { $title:
    service_ensure  => $service_ensure,
    service_manage  => $service_manage,
    service_options => $service_options,
    restart_command => $restart_command,
  }
  -> anchor { "haproxy::${title}::end": }
}
