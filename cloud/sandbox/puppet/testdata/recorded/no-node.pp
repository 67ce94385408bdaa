node /^puppet/ {
  notify { 'a': }
}
