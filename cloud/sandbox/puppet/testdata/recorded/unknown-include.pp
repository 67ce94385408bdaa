node /^web/ {
  include pyton
}
