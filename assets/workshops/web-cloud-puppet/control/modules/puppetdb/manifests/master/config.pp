# Le côté du Puppet Master : où se trouve PuppetDB, et ce qu'il faut lui confier.
class puppetdb::master::config {
  # la bibliothèque avec laquelle puppetserver parle à PuppetDB
  package { 'puppet-terminus-puppetdb':
    ensure => installed,
  }

  file { '/etc/puppet/puppetdb.conf':
    source  => 'puppet:///modules/puppetdb/puppetdb.conf',
    require => Package['puppet-terminus-puppetdb'],
    notify  => Service['puppetserver'],
  }

  file { '/etc/puppet/routes.yaml':
    source  => 'puppet:///modules/puppetdb/routes.yaml',
    require => Package['puppet-terminus-puppetdb'],
    notify  => Service['puppetserver'],
  }

  # storeconfigs : les ressources exportées (@@) d'un nœud sont gardées pour les autres
  $server = {
    'storeconfigs'         => 'true',
    'storeconfigs_backend' => 'puppetdb',
    'reports'              => 'store,puppetdb',
  }
  $server.each |$setting, $value| {
    ini_setting { "puppet server ${setting}":
      path    => '/etc/puppet/puppet.conf',
      section => 'server',
      setting => $setting,
      value   => $value,
      require => Package['puppet-terminus-puppetdb'],
      notify  => Service['puppetserver'],
    }
  }

  service { 'puppetserver':
    ensure => running,
    enable => true,
  }
}
