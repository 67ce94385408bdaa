node /^web/ {
  notify { 'a' }
}
