package command

import "strings"

// Help answers the HELP subcommand of a container: a heading, the lines given, and HELP itself.
func (c *Ctx) Help(lines ...string) {
	name := strings.ToUpper(c.Spec.Name)
	if c.Spec.Parent != nil {
		name = strings.ToUpper(c.Spec.Parent.Name)
	}
	c.Out.Array(len(lines) + 3)
	c.Out.Status(name + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
	for _, l := range lines {
		c.Out.Status(l)
	}
	c.Out.Status("HELP")
	c.Out.Status("    Prints this help.")
}
