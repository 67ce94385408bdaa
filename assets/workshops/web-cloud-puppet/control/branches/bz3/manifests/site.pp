# L'état voulu de tous nos serveurs. On décrit le résultat, pas le chemin : Puppet compare avec ce
# qui est, puis ne change que ce qui diffère. Le lancer deux fois ne fait rien de plus qu'une.

# Le Puppet Master : les noms qui commencent par « puppet »
node /^puppet/ {
  # un message dans le journal de l'agent, à chaque passage
  notify { 'Bonjour tout le monde, et miaou !': }

  # PuppetDB : la mémoire du master (faits, catalogues, ressources exportées)
  class { '::puppetdb':
    listen_address => '0.0.0.0',
  }
  class { 'puppetdb::master::config': }

  # l'agent revient chaque minute : ce qui a été défait à la main est refait tout seul
  cron { 'puppet-agent':
    ensure  => present,
    user    => root,
    minute  => '*',
    command => '/opt/puppetlabs/bin/puppet agent -t -v',
  }
}

# Les serveurs web, un, deux ou cent : les noms qui commencent par « web »
node /^web/ {
  # l'agent revient chaque minute : ce qui a été défait à la main est refait tout seul
  cron { 'puppet-agent':
    ensure  => present,
    user    => root,
    minute  => '*',
    command => '/opt/puppetlabs/bin/puppet agent -t -v',
  }

  # le nécessaire pour Python, celui du système
  class { 'python':
    version    => 'system',
    pip        => 'present',
    dev        => 'absent',
    virtualenv => 'absent',
    gunicorn   => 'absent',
  }

  # Flask : de quoi écrire un petit serveur web en Python
  python::pip { 'Flask': }

  # l'application : git, puis une copie du dépôt, puis on la lance (« -> » : dans cet ordre)
  package { 'git':
    ensure => 'latest',
  }
  -> vcsrepo { '/opt/demoflask':
    ensure   => latest,
    provider => git,
    source   => 'https://github.com/arnaudmorin/puppet-demoflask.git',
  }
  -> exec { '/opt/demoflask/start.py &':
    unless  => '/bin/pidof -x start.py',
    require => Python::Pip['Flask'],
  }
}
