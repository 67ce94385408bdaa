node /^web/ {
  package { 'no-such-package': ensure => present }
}
