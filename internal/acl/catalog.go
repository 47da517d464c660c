package acl

import "strings"

// Command is what rules need to know of a command or subcommand.
type Command struct {
	Name       string // as it was declared: "get", "config|get"
	Parent     int    // ID of the container, -1 for a command of its own
	Subs       []int  // IDs of the subcommands, none for most
	Categories uint32 // bits of Category.Bit
}

// Category is a named set of commands.
type Category struct {
	Name string
	Bit  uint32
}

// Catalog is all that rules may name. Commands have their name as declared, whatever rename-command made of it: a rule
// means the same on every server.
type Catalog struct {
	commands   []Command // by ID
	categories []Category
	byName     map[string]int
}

// NewCatalog returns a catalog. The position of a command is its ID.
func NewCatalog(commands []Command, categories []Category) *Catalog {
	c := &Catalog{commands: commands, categories: categories, byName: make(map[string]int, len(commands))}
	for id := range commands {
		c.byName[commands[id].Name] = id
	}
	return c
}

// Categories returns all categories in order.
func (c *Catalog) Categories() []Category { return c.categories }

// Category returns the category of that name in any case.
func (c *Catalog) Category(name string) (Category, bool) {
	for _, k := range c.categories {
		if strings.EqualFold(k.Name, name) {
			return k, true
		}
	}
	return Category{}, false
}

// In returns the names of the commands in a category, in order of ID. A subcommand is named after its container.
func (c *Catalog) In(k Category) (names []string) {
	for i := range c.commands {
		if c.commands[i].Categories&k.Bit != 0 {
			names = append(names, c.commands[i].Name)
		}
	}
	return names
}

// find returns the ID of a command or subcommand by its name in any case.
func (c *Catalog) find(name string) (id int, ok bool) {
	id, ok = c.byName[strings.ToLower(name)]
	return id, ok
}
