node /^web/ {
  vcsrepo { '/opt/demo2': ensure => absent, provider => git }
  vcsrepo { '/opt/demoflask': ensure => latest, provider => git, source => 'https://github.com/arnaudmorin/other.git' }
}
