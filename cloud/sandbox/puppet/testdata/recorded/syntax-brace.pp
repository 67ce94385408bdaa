node /^web/ {
  notify { 'a': }
}
}
