// Package console renders the operator's pages of a vault: data in, HTML out.
//
// Who calls it decides what is on a page; this package decides that whatever is
// in the data shows as text. Strings that are shown have the types [Text] or
// [Block], which spell out what a screen would hide or act upon and cut what is
// long; links are [Href], made by the caller out of encoded parts. The pages use
// no script and no inline style, so that their policy can forbid both.
package console
