# Python tel que la distribution le fournit.
#
# Même interface que le module « python » de la forge, en bien plus petit : Debian n'en a pas de
# paquet, et l'atelier n'a besoin que de cela. Chaque paramètre dit ce que l'on veut voir
# installé ('present'), à jour ('latest') ou surtout pas ('absent').
class python (
  String $version = 'system',
  Enum['present', 'absent', 'latest'] $pip = 'present',
  Enum['present', 'absent', 'latest'] $dev = 'absent',
  Enum['present', 'absent', 'latest'] $virtualenv = 'absent',
  Enum['present', 'absent', 'latest'] $gunicorn = 'absent',
) {
  # « system » : c'est la distribution qui choisit la version
  $interpreter = $version ? {
    'system' => 'python3',
    default  => "python${version}",
  }

  package { $interpreter:
    ensure => 'present',
  }

  package { 'python3-pip':
    ensure  => $pip,
    require => Package[$interpreter],
  }

  package { "${interpreter}-dev":
    ensure => $dev,
  }

  package { 'python3-virtualenv':
    ensure => $virtualenv,
  }

  package { 'gunicorn':
    ensure => $gunicorn,
  }
}
