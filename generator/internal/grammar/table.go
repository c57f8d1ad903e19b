package grammar

// build writes the table down. The order follows the specification.
func build() *Node {
	var (
		anything = leaf(Any)
		text     = leaf(String)
		boolean  = leaf(Bool)
		texts    = list(text)
		docs     = object("external documentation", "").add(text, "url", "-description")
		example  = object("example", "examples").add(text, "-summary", "-description", "-externalValue").add(anything, "-value", "-dataValue", "-serializedValue")
		examples = dict(example)
		server   = serverNode(text, texts)
		schema   = schemaNode(docs)
		header   = object("header", "headers")
		content  = dict(mediaNode(schema, header, examples))
		params   = list(parameterNode(schema, content, examples))
		security = list(dict(texts))
		link     = object("link", "links").add(text, "-operationRef", "-operationId", "-description").
				add(dict(anything), "-parameters").add(anything, "-requestBody").add(server, "-server")
	)
	parameterFields(header, schema, content, examples)

	response := object("response", "responses").
		add(text, "description", "-summary").
		add(dict(header), "headers").
		add(content, "content").
		add(dict(link), "-links")
	responses := dict(response)
	responses.Extensible = true

	body := object("request body", "requestBodies").
		add(text, "-description").add(boolean, "required").add(content, "content")

	item, callback := itemNodes(docs, params, body, responses, security, server)
	paths := dict(item)
	paths.Name, paths.Extensible = "paths", true

	components := object("components", "").
		add(dict(schema), "schemas").
		add(dict(response), "responses"). // its names are free: x- is no extension there
		add(dict(params.Elem), "parameters").
		add(examples, "-examples").
		add(dict(body), "requestBodies").
		add(dict(header), "headers").
		add(dict(securityNode(text)), "securitySchemes").
		add(dict(link), "-links").
		add(dict(callback), "-callbacks").
		add(dict(item), "pathItems").
		add(content, "mediaTypes")

	return object("document", "").
		add(text, "openapi", "jsonSchemaDialect", "-$self").
		add(object("info", "").add(text, "title", "version", "-description", "-termsOfService", "-summary").
			add(anything, "-contact", "-license"), "info").
		add(docs, "externalDocs").
		add(list(server), "servers").
		add(security, "security").
		add(list(object("tag", "").add(text, "name", "-description", "-summary", "-parent", "-kind").add(docs, "-externalDocs")), "tags").
		add(paths, "paths").
		add(dict(item), "-webhooks").
		add(components, "components")
}

// itemNodes gives what stands under a path, with its operations, and the callbacks
// of an operation, which hold the same.
func itemNodes(docs, params, body, responses, security, server *Node) (item, callback *Node) {
	text := leaf(String)
	item = object("path item", "pathItems")
	callback = dict(item)
	callback.Name, callback.Section, callback.Extensible = "callback", "callbacks", true

	operation := object("operation", "").
		add(text, "operationId", "-summary", "-description").
		add(list(text), "tags").
		add(leaf(Bool), "deprecated").
		add(docs, "externalDocs").
		add(params, "parameters").
		add(body, "requestBody").
		add(responses, "responses").
		add(dict(callback), "-callbacks").
		add(security, "security").
		add(list(server), "servers")
	item.add(text, "-summary", "-description").
		add(params, "parameters").
		add(list(server), "servers").
		add(operation, Methods()...).
		add(dict(operation), "additionalOperations")
	return item, callback
}

func serverNode(text, texts *Node) *Node {
	variable := object("server variable", "").add(text, "default", "-description").add(texts, "enum")
	return object("server", "").add(text, "url", "-description", "-name").add(dict(variable), "variables")
}

func schemaNode(docs *Node) *Node {
	var (
		anything = leaf(Any)
		text     = leaf(String)
		boolean  = leaf(Bool)
		number   = leaf(Number)
		texts    = list(text)
		schema   = object("schema", "schemas")
		schemas  = dict(schema)
	)
	schema.OrBool = true
	return schema.
		add(leaf(TypeName), "type").
		add(text, "format", "pattern", "title", "-description", "contentMediaType", "contentEncoding",
			"$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "-$schema", "-$comment").
		add(anything, "const", "default", "-example", "-examples", "-$vocabulary").
		add(list(anything), "enum").
		add(boolean, "nullable", "readOnly", "writeOnly", "deprecated", "uniqueItems").
		add(number, "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems",
			"minProperties", "maxProperties", "minContains", "maxContains").
		add(leaf(NumberBool), "exclusiveMinimum", "exclusiveMaximum").
		add(texts, "required").
		add(dict(texts), "dependentRequired").
		add(schemas, "properties", "patternProperties", "$defs", "definitions", "dependentSchemas").
		add(schema, "items", "additionalItems", "additionalProperties", "propertyNames", "not", "contains", "if", "then", "else",
			"unevaluatedItems", "unevaluatedProperties", "contentSchema").
		add(list(schema), "allOf", "oneOf", "anyOf", "prefixItems").
		add(object("discriminator", "").add(text, "propertyName", "defaultMapping").add(dict(text), "mapping"), "discriminator").
		add(object("xml", "").add(text, "name", "namespace", "prefix", "nodeType").add(boolean, "attribute", "wrapped"), "xml").
		add(docs, "-externalDocs")
}

func mediaNode(schema, header *Node, examples *Node) *Node {
	encoding := object("encoding", "").
		add(leaf(String), "contentType", "style").
		add(leaf(Bool), "explode", "allowReserved").
		add(dict(header), "headers")
	return object("media type", "mediaTypes").
		add(schema, "schema", "itemSchema").
		add(leaf(Any), "-example").
		add(examples, "-examples").
		add(dict(encoding), "encoding").
		add(list(encoding), "prefixEncoding").
		add(encoding, "itemEncoding")
}

func parameterNode(schema, content, examples *Node) *Node {
	n := object("parameter", "parameters").
		add(leaf(String), "name", "in").
		add(leaf(Bool), MultiSegment)
	parameterFields(n, schema, content, examples)
	return n
}

// parameterFields adds what parameters and headers have in common.
func parameterFields(n, schema, content, examples *Node) {
	n.add(leaf(String), "-description", "style").
		add(leaf(Bool), "required", "deprecated", "allowEmptyValue", "explode", "allowReserved").
		add(schema, "schema").
		add(content, "content").
		add(leaf(Any), "-example").
		add(examples, "-examples")
}

func securityNode(text *Node) *Node {
	flow := object("OAuth flow", "").
		add(text, "authorizationUrl", "tokenUrl", "refreshUrl", "deviceAuthorizationUrl").
		add(dict(text), "scopes")
	flows := object("OAuth flows", "").
		add(flow, "implicit", "password", "clientCredentials", "authorizationCode", "deviceAuthorization")
	return object("security scheme", "securitySchemes").
		add(text, "type", "name", "in", "scheme", "bearerFormat", "openIdConnectUrl", "-description", "oauth2MetadataUrl").
		add(leaf(Bool), "deprecated").
		add(flows, "flows")
}
