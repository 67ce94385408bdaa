node /^web/ {
  class { 'python': foo => 1 }
}
