File { mode => '0600' }
define thing($word = 'w') { notify { "thing ${title} ${word}": } }
class a { notify { 'in a': } }
class b { notify { 'in b': } contain a }
node /^web/ {
  include b
  thing { ['one', 'two']: word => 'z' }
  thing { 'three': before => Class['b'] }
  notify { 'end': require => Thing['one'] }
  @notify { 'virtual': }
  realize Notify['virtual']
  @notify { 'virtual2': tag => 'v' }
  Notify <| tag == 'v' |>
}
