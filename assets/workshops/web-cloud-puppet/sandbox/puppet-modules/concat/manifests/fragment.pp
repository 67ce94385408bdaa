# One piece of a file that concat makes.
define concat::fragment (
  String $target,
  $content = undef,
  $source = undef,
  Variant[String, Integer] $order = '10',
) {
  unless $content or $source or $content == '' {
    fail("Concat::Fragment[${title}]: a content or a source is needed")
  }
  concat_fragment { $title:
    target  => $target,
    content => $content,
    source  => $source,
    order   => String($order),
  }
}
