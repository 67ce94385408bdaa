node /^web/ {
  notify { 'a': require => Package['nothing'] }
}
