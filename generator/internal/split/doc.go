// Package split cuts an API into packages, so that a program compiles what it
// reaches and little else.
//
// Operations stand in the package of their resource. A type that the operations of
// one package alone reach stands there, too. The others stand in packages of types
// under models/, sorted by who reaches them: a type's members are reached by all
// that reach the type, so no such package can lead back to one that uses it.
// Packages of types that nearly the same programs need are joined.
//
// The assignment of an earlier run is kept: packages have an order, a type refers
// to packages of its own place or earlier, and what would break that moves to an
// earlier place and is reported. Import cycles can't arise.
package split
