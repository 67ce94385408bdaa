# The configuration's folder, its file, and the sections global and defaults.
define haproxy::config (
  String $config_file,
  Hash $global_options,
  Hash $defaults_options,
  Boolean $merge_options,
  Optional[String] $custom_fragment = undef,
  Optional[String] $validate_cmd = undef,
) {
  $global = {
    'log'     => "${facts['networking']['ip']} local0",
    'chroot'  => '/var/lib/haproxy',
    'pidfile' => '/var/run/haproxy.pid',
    'maxconn' => '4000',
    'user'    => 'haproxy',
    'group'   => 'haproxy',
    'daemon'  => '',
    'stats'   => 'socket /var/lib/haproxy/stats',
  }
  $defaults = {
    'log'     => 'global',
    'stats'   => 'enable',
    'option'  => ['redispatch'],
    'retries' => '3',
    'timeout' => [
      'http-request 10s',
      'queue 1m',
      'connect 10s',
      'client 1m',
      'server 1m',
      'check 10s',
    ],
    'maxconn' => '8000',
  }
  $all_global = $merge_options ? { true => $global + $global_options, default => $global_options }
  $all_defaults = $merge_options ? { true => $defaults + $defaults_options, default => $defaults_options }

  file { '/var/lib/haproxy':
    ensure => directory,
    owner  => $all_global['user'],
    group  => $all_global['group'],
  }
  concat { $config_file:
    owner        => '0',
    group        => '0',
    mode         => '0640',
    validate_cmd => $validate_cmd,
  }
  concat::fragment { "${title}-00-header":
    target  => $config_file,
    order   => '01',
    content => "# This file managed by Puppet\n",
  }
  $global_lines = haproxy::lines($all_global, '  ')
  $defaults_lines = haproxy::lines($all_defaults, '  ')
  concat::fragment { "${title}-haproxy-base":
    target  => $config_file,
    order   => '10',
    content => "global\n${global_lines}\ndefaults\n${defaults_lines}${custom_fragment}",
  }
}
