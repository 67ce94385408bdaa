node /^web/ {
  class { 'pyton': }
}
