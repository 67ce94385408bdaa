node /^web/ {
  notify { 'a: }
}
