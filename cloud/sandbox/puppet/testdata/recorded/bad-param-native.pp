node /^web/ {
  package { 'git': foo => 1 }
}
