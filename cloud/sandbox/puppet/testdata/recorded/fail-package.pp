node /^web/ {
  package { 'no-such-package': ensure => present }
  -> notify { 'after': }
  -> notify { 'after2': }
  notify { 'alone': }
}
