//go:build !race

package table

const raceBuild = false
