node /^web/ {
  class { 'python': pip => 'maybe' }
}
