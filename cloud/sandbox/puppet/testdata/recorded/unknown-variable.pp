node /^web/ {
  notify { "a${nothing}b": }
}
