package bin

// Table is the programs by name.
var Table = map[string]Func{
	"[": test, "base64": base64Tool, "basename": basename, "cat": cat, "ccze": ccze, "chmod": chmod,
	"chown": chown, "clear": clearScreen, "cp": cp, "cut": cut, "date": date, "dirname": dirname,
	"echo": echo, "egrep": grep, "env": env, "false": exitWith(1), "fgrep": grep, "find": find,
	"grep": grep, "head": head, "install": install, "ln": ln, "ls": ls, "md5sum": sum, "mkdir": mkdir,
	"mktemp": mktemp, "mv": mv, "nl": nl, "nohup": nohup, "printenv": env, "pwd": pwd,
	"readlink": readlink, "realpath": readlink, "reset": clearScreen, "rev": rev, "rm": rm,
	"rmdir": rmdir, "sed": sed, "seq": seq, "sha1sum": sum, "sha256sum": sum, "sleep": sleep,
	"sort": sortTool, "stat": stat, "sync": exitWith(0), "tac": tac, "tail": tail, "tailf": tail,
	"tee": tee, "test": test, "timeout": timeout, "touch": touch, "tr": tr, "true": exitWith(0),
	"uniq": uniq, "wc": wc, "xargs": xargs, "yes": yes, "less": pager, "more": pager,
}
