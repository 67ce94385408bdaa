# PuppetDB et sa base PostgreSQL : la mémoire du Puppet Master. Elle garde les faits, les
# catalogues et, ce qui servira à bz5, les ressources exportées.
#
# Même interface que le module « puppetdb » de la forge, en bien plus petit : Debian n'en a pas
# de paquet.
class puppetdb (
  String $listen_address = '127.0.0.1',
) {
  package { ['postgresql', 'puppetdb']:
    ensure => installed,
  }

  # où est la base : lisible par puppetdb seul, il y a un mot de passe dedans
  file { '/etc/puppetdb/conf.d/database.ini':
    source  => 'puppet:///modules/puppetdb/database.ini',
    owner   => 'root',
    group   => 'puppetdb',
    mode    => '0640',
    require => Package['puppetdb'],
    notify  => Service['puppetdb'],
  }

  # où il écoute : 8080 en clair, 8081 avec le certificat que le master lui a donné
  $jetty = {
    'host'        => $listen_address,
    'port'        => '8080',
    'ssl-host'    => $listen_address,
    'ssl-port'    => '8081',
    'ssl-key'     => '/etc/puppetdb/ssl/private.pem',
    'ssl-cert'    => '/etc/puppetdb/ssl/public.pem',
    'ssl-ca-cert' => '/etc/puppetdb/ssl/ca.pem',
  }
  $jetty.each |$setting, $value| {
    ini_setting { "puppetdb jetty ${setting}":
      path    => '/etc/puppetdb/conf.d/jetty.ini',
      section => 'jetty',
      setting => $setting,
      value   => $value,
      require => Package['puppetdb'],
      notify  => Service['puppetdb'],
    }
  }

  service { ['postgresql', 'puppetdb']:
    ensure  => running,
    enable  => true,
    require => Package['postgresql', 'puppetdb'],
  }
}
