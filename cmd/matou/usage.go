package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"matou/steps"
)

// plainUsage has mistakes on the command line told in the words of this program: what is wrong, and
// what would be right.
func plainUsage(root *cobra.Command) {
	root.SetFlagErrorFunc(flagError)
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if !c.Runnable() { // a family: without this, a word it does not know is answered with help, and 0
			c.Args = cobra.NoArgs
			c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
		if check := c.Args; check != nil {
			c.Args = func(cmd *cobra.Command, args []string) error {
				if check(cmd, args) == nil {
					return nil
				}
				return argsError(cmd, args)
			}
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(root)
}

// argsError says what of the arguments is missing or too much.
func argsError(cmd *cobra.Command, args []string) error {
	_, wants, _ := strings.Cut(strings.TrimSuffix(cmd.Use, " [flags]"), " ")
	switch {
	case cmd.HasSubCommands() && len(args) > 0:
		var near []string
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				near = append(near, sub.Name())
			}
		}
		if near = steps.Nearest(args[0], near); near != nil {
			return usagef("unknown command %q: did you mean %s?", args[0], strings.Join(near, ", "))
		}
		return usagef("unknown command %q for %s", args[0], cmd.CommandPath())
	case len(args) == 0:
		return usagef("%s %s: %s is missing", cmd.CommandPath(), wants, wants)
	case wants == "":
		return usagef("%s takes no arguments: %q", cmd.CommandPath(), args[0])
	default:
		return usagef("%s %s: too much: %q", cmd.CommandPath(), wants, args[len(args)-1])
	}
}

// wanted is what a flag's value looks like, by the name of its type.
var wanted = map[string]string{
	"duration":       "a time such as 3s, 500ms, 2m",
	"int":            "a whole number",
	"bool":           "true or false",
	"stringToString": "NAME=VALUE",
}

// flagError says what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &value) && wanted[value.GetFlag().Value.Type()] != "":
		f := value.GetFlag()
		return usagef("--%s %q: want %s", f.Name, value.GetValue(), wanted[f.Value.Type()])
	case errors.As(err, &unknown):
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := steps.Nearest(unknown.GetSpecifiedName(), names); unknown.GetSpecifiedShortnames() == "" && near != nil {
			return usagef("%w: did you mean --%s?", err, strings.Join(near, ", --"))
		}
	}
	return &exitError{code: exitUsage, err: err}
}

// helpFor is the command line that explains a command line: that of the command it is for.
func helpFor(root *cobra.Command, args []string) string {
	cmd, _, err := root.Find(args)
	if err != nil {
		cmd = root
	}
	return fmt.Sprintf("%s --help", cmd.CommandPath())
}
