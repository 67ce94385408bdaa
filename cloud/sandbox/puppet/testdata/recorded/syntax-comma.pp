node /^web/ {
  cron { 'puppet-agent':
    ensure  => present
    user    => root,
  }
}
