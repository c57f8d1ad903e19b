package grammar

// Swagger is the table of Swagger 2.0, as far as reading several files and
// repairing types needs it. The table is built once and never changed.
var Swagger = buildSwagger()

func buildSwagger() *Node {
	var (
		anything = leaf(Any)
		text     = leaf(String)
		boolean  = leaf(Bool)
		texts    = list(text)
		docs     = object("external documentation", "").add(text, "url", "description")
		schema   = schemaNode(docs)
		items    = object("items", "")
	)
	schema.Section = "definitions"
	schema.add(text, "discriminator") // the name of a property in 2.0
	plainFields(items, items)
	parameter := plainFields(object("parameter", "parameters"), items).
		add(text, "name", "in", "description").
		add(boolean, "required", "allowEmptyValue").
		add(schema, "schema")
	header := plainFields(object("header", ""), items).add(text, "description")
	response := object("response", "responses").
		add(text, "description").
		add(schema, "schema").
		add(dict(header), "headers").
		add(dict(anything), "examples")
	responses := dict(response)
	responses.Extensible = true
	security := list(dict(texts))
	operation := object("operation", "").
		add(text, "operationId", "summary", "description").
		add(texts, "tags", "consumes", "produces", "schemes").
		add(boolean, "deprecated").
		add(docs, "externalDocs").
		add(list(parameter), "parameters").
		add(responses, "responses").
		add(security, "security")
	item := object("path item", "pathItems").
		add(list(parameter), "parameters").
		add(operation, "delete", "get", "head", "options", "patch", "post", "put")
	paths := dict(item)
	paths.Name, paths.Extensible = "paths", true
	scheme := object("security scheme", "").
		add(text, "type", "description", "name", "in", "flow", "authorizationUrl", "tokenUrl").
		add(dict(text), "scopes")
	return object("document", "").
		add(text, "swagger", "host", "basePath").
		add(texts, "schemes", "consumes", "produces").
		add(object("info", "").add(text, "title", "version", "description", "termsOfService").add(anything, "contact", "license"), "info").
		add(docs, "externalDocs").
		add(security, "security").
		add(list(object("tag", "").add(text, "name", "description").add(docs, "externalDocs")), "tags").
		add(paths, "paths").
		add(dict(schema), "definitions").
		add(dict(parameter), "parameters").
		add(dict(response), "responses").
		add(dict(scheme), "securityDefinitions")
}

// plainFields adds what 2.0 says of a value that no schema describes: of a
// parameter outside the body, a header, or an element of one of them.
func plainFields(n, items *Node) *Node {
	return n.add(leaf(String), "type", "format", "pattern", "collectionFormat").
		add(leaf(Any), "default").
		add(list(leaf(Any)), "enum").
		add(leaf(Bool), "uniqueItems", "exclusiveMinimum", "exclusiveMaximum").
		add(leaf(Number), "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems").
		add(items, "items")
}
