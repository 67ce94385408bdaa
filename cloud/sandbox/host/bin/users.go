package bin

import (
	"strconv"
	"strings"

	"matou/cloud/sandbox/host/tree"
)

// Account is a line of /etc/passwd (passwd(5)).
type Account struct {
	Name  string
	UID   int // -1: there is no such account
	GID   int
	Home  string
	Shell string
}

// LookupUser finds an account by name or number in the tree's /etc/passwd.
func LookupUser(v tree.View, name string) Account {
	for _, a := range accounts(v) {
		if a.Name == name || strconv.Itoa(a.UID) == name {
			return a
		}
	}
	return Account{UID: -1, GID: -1}
}

// accounts are the accounts of the tree's /etc/passwd.
func accounts(v tree.View) []Account {
	var list []Account
	for _, f := range colons(v, "/etc/passwd", 7) {
		uid, err := strconv.Atoi(f[2])
		gid, err2 := strconv.Atoi(f[3])
		if err == nil && err2 == nil {
			list = append(list, Account{f[0], uid, gid, f[5], f[6]})
		}
	}
	return list
}

// LookupGroup answers a group's number from the tree's /etc/group, -1 when there is none.
func LookupGroup(v tree.View, name string) int {
	for _, f := range colons(v, "/etc/group", 3) {
		if f[0] == name || f[2] == name {
			if gid, err := strconv.Atoi(f[2]); err == nil {
				return gid
			}
		}
	}
	return -1
}

// UserName answers the name of a user's number, or the number when it has none.
func UserName(v tree.View, uid int) string {
	if a := LookupUser(v, strconv.Itoa(uid)); a.UID == uid {
		return a.Name
	}
	return strconv.Itoa(uid)
}

// GroupName answers the name of a group's number, or the number when it has none.
func GroupName(v tree.View, gid int) string {
	for _, f := range colons(v, "/etc/group", 3) {
		if f[2] == strconv.Itoa(gid) {
			return f[0]
		}
	}
	return strconv.Itoa(gid)
}

func colons(v tree.View, file string, fields int) [][]string {
	// Everybody may read these files, whatever a participant did to their modes.
	data, err := v.Tree().Root().ReadFile(file)
	if err != nil {
		return nil
	}
	var list [][]string
	for l := range strings.Lines(string(data)) {
		if f := strings.Split(strings.TrimRight(l, "\n"), ":"); len(f) >= fields {
			list = append(list, f)
		}
	}
	return list
}
