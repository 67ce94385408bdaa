node /^web/ {
  class { 'python': version => 3 }
}
