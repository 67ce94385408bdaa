package dialog

import (
	"strings"
	"testing"
)

// TestRandomart compares with what ssh-keygen -lv of OpenSSH 9.2 has drawn of three keys.
func TestRandomart(t *testing.T) {
	t.Parallel()
	for _, key := range []struct{ fingerprint, kind, bits, want string }{
		{"SHA256:n5o4XhGelvTDR16Fr9p6BYF1magSn3Wrk7P6+kEw18k", "ssh-ed25519", "256", `
+--[ED25519 256]--+
|             oo.=|
|         .  .o=*.|
|        o oo=.oE.|
|       o B *+....|
|        S = o.oo |
|       . o +.=. .|
|        . o  ++. |
|      .o o  ..+  |
|     .o.o  o*=   |
+----[SHA256]-----+
`},
		{"SHA256:dnI4Ei9ORR9oehuwf9nOqTmgSg0QgH1Rv8cem1L0j2Q", "ssh-rsa", "3072", `
+---[RSA 3072]----+
|oo. .o. ...      |
|. ... .oo. .     |
|  ..  .=o o      |
|   .  o+o= .     |
|    . +oSoBoE    |
|     = ++Oo*.o   |
|    . o..o+o...  |
|   .  .  ...+    |
|    ..    oo     |
+----[SHA256]-----+
`},
		{"SHA256:/sLZriRdHfuQkHKlKMOgK31ZCKaAlJ1A8vnDPUUlALM", "ecdsa-sha2-nistp521", "521", `
+---[ECDSA 521]---+
|*+* =...o.. .    |
|+= * * . o +     |
|. + E = + = .    |
| . + + + o o +   |
|. o * o S . =    |
| . . . + .   o   |
|      ..+o    .  |
|       o+..      |
|        .+o      |
+----[SHA256]-----+
`},
	} {
		if got := strings.Join(randomart(key.fingerprint, key.kind, key.bits), "\n"); got != strings.TrimSpace(key.want) {
			t.Errorf("%s: got\n%s", key.fingerprint, got)
		}
	}
	const other = "SHA256:n5o4XhGelvTDR16Fr9p6BYF1magSn3Wrk7P6+kEw18k"
	for kind, edge := range map[string]string{
		"": "+-----------------+", "made-up@host": "+-----------------+", "ssh-rsa": "+------[RSA]------+",
		"sk-ssh-ed25519@openssh.com": "+--[ED25519-SK]---+", "sk-ecdsa-sha2-nistp256@openssh.com": "+---[ECDSA-SK]----+",
	} {
		bits := ""
		if strings.HasPrefix(kind, "sk-ecdsa") {
			bits = "123456789" // more than there is room for
		}
		if art := randomart(other, kind, bits); art[0] != edge {
			t.Errorf("%q: %s", kind, art[0])
		}
	}
	for _, none := range []string{"", "SHA256:", "SHA256:AAAA", "MD5:00:11", other + "A", strings.Replace(other, "n5", "n\x1b", 1)} {
		if art := randomart(none, "ssh-ed25519", "256"); art != nil {
			t.Errorf("%q: %q", none, art)
		}
	}
}
