package cloud

import (
	"net/netip"
	"strings"
	"testing"
)

func TestListTable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		servers []Server
		want    string
	}{
		{"empty", nil, `
+----+------+--------+------------+-------------+----------+
| ID | Name | Status | Task State | Power State | Networks |
+----+------+--------+------------+-------------+----------+
+----+------+--------+------------+-------------+----------+`},
		{"building and running", []Server{
			{ID: "5e6f1ff1", Name: "puppet", Status: StatusBuild, TaskState: "spawning", PowerState: "NOSTATE"},
			{ID: "90ecd16b", Name: "wéb", Status: StatusActive, PowerState: "Running", Addresses: []Address{
				{Network: "vrack", IP: netip.MustParseAddr("10.0.0.3")},
				{Network: "Ext-Net", IP: netip.MustParseAddr("158.69.78.161")},
				{Network: "Ext-Net", IP: netip.MustParseAddr("2001:db8::1")},
			}},
		}, `
+----------+--------+--------+------------+-------------+----------------------------------------------------+
| ID       | Name   | Status | Task State | Power State | Networks                                           |
+----------+--------+--------+------------+-------------+----------------------------------------------------+
| 5e6f1ff1 | puppet | BUILD  | spawning   | NOSTATE     |                                                    |
| 90ecd16b | wéb    | ACTIVE | -          | Running     | Ext-Net=158.69.78.161, 2001:db8::1; vrack=10.0.0.3 |
+----------+--------+--------+------------+-------------+----------------------------------------------------+`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := "\n" + strings.Join(ListTable(tt.servers), "\n"); got != tt.want {
				t.Errorf("got%s\nwant%s", got, tt.want)
			}
		})
	}
}

func TestPropertyTable(t *testing.T) {
	t.Parallel()
	got := "\n" + strings.Join(PropertyTable([]Property{
		{"fault", `{"message": "No valid host", "details": "Traceback:\n  File one\nNoValidHost\n"}`},
		{"name", "web\x1b[31m-1\r\n"},
		{"accessIPv4", ""},
	}), "\n")
	want := `
+------------+-----------------------------------------------------+
| Property   | Value                                               |
+------------+-----------------------------------------------------+
| fault      | {"message": "No valid host", "details": "Traceback: |
|            |   File one                                          |
|            | NoValidHost                                         |
|            | "}                                                  |
| name       | web[31m-1                                           |
| accessIPv4 |                                                     |
+------------+-----------------------------------------------------+`
	if got != want {
		t.Errorf("got%s\nwant%s", got, want)
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                           "plain",
		"a\tb\nc":                         "a b c",
		"\x1b]0;title\x07x\x9b31my":       "]0;titlex\uFFFD31my",
		"\u009b31m":                       "31m",
		"abc\u202edcb":                    "abcdcb",
		"\xff":                            "\uFFFD",
		"\u2028":                          " ",
		"e\u0301te\u0301":                 "e\u0301te\u0301",
		"\u0301a":                         "a",
		"we\u200bb\ufeff\u00ad\U000e0041": "web",
		"✔\ufe0f 👩\u200d👧":                "✔ 👩👧",
		"z" + strings.Repeat("\u0336\u200d\u0489", 500) + "y": "z\u0336\u0489\u0336y",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b[2Jhello\u202e\xff\r\n")
	f.Fuzz(func(t *testing.T, in string) {
		got := Clean(in)
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
			t.Errorf("Clean(%q) = %q keeps a control character", in, got)
		}
		if Clean(got) != got {
			t.Errorf("Clean(%q) changes when cleaned again", in)
		}
		table := PropertyTable([]Property{{"p", in}})
		for _, line := range table[1:] {
			if cells(line) != len(table[0]) {
				t.Errorf("ragged table for %q:\n%s", in, strings.Join(table, "\n"))
			}
		}
	})
}
