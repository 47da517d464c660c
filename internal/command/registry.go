package command

import (
	"cmp"
	"slices"
)

// Registry knows all connected clients, in order of ID. Guarded by the keyspace lock.
type Registry struct {
	list []*Client // by ID
	last int64     // last ID given
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{} }

// NextID returns an ID that no client had yet.
func (r *Registry) NextID() int64 {
	r.last++
	return r.last
}

// Add makes a client known.
func (r *Registry) Add(c *Client) {
	i, _ := r.search(c.ID)
	r.list = slices.Insert(r.list, i, c)
	c.listed = true
	c.book()
}

// Remove forgets a client.
func (r *Registry) Remove(c *Client) {
	if i, ok := r.search(c.ID); ok {
		r.list = slices.Delete(r.list, i, i+1)
		c.listed = false
		c.book()
	}
}

// Find returns the client of that ID, nil if it is gone.
func (r *Registry) Find(id int64) *Client {
	if i, ok := r.search(id); ok {
		return r.list[i]
	}
	return nil
}

// After returns the client with the least ID above another, nil if there is none.
func (r *Registry) After(id int64) *Client {
	if i, _ := r.search(id + 1); i < len(r.list) {
		return r.list[i]
	}
	return nil
}

// From returns the client of the lowest ID that is id or above, nil if there is none.
func (r *Registry) From(id int64) *Client {
	if i, _ := r.search(id); i < len(r.list) {
		return r.list[i]
	}
	return nil
}

// Len returns the number of clients.
func (r *Registry) Len() int {
	return len(r.list)
}

// Snapshot appends all clients in order of ID to dst. They may disconnect while the caller looks at them.
func (r *Registry) Snapshot(dst []*Client) []*Client {
	return append(dst, r.list...)
}

func (r *Registry) search(id int64) (int, bool) {
	return slices.BinarySearchFunc(r.list, id, func(c *Client, id int64) int { return cmp.Compare(c.ID, id) })
}
