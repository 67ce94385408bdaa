node /^web/ {
  notify { 'a': } -> Package['nothing']
}
