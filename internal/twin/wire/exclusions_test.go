package wire

// excluded are the protocol tests that do not bind a server, by case with the
// reason. TestProtocols fails when one of them is gone, or passes.
var excluded = byCase([]exclusion{
	{"Clients may be given an endpoint with a path; the twin's has none.", []string{
		"input/ec2/Ec2QueryHostWithPath",
		"input/json_1_0/AwsJson10HostWithPath",
		"input/query/QueryHostWithPath",
		"input/rest-json/RestJsonHostWithPath",
	}},
	{"The case leaves out the X-Amz-Target header; it is about the host name.", []string{
		"input/json_1_0/AwsJson10EndpointTrait",
		"input/json_1_0/AwsJson10EndpointTraitWithHostLabel",
	}},
	{"The compressed body is not part of the case; compressing is the client's.", []string{
		"input/ec2/SDKAppliedContentEncoding_ec2Query",
		"input/ec2/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query",
		"input/json/SDKAppliedContentEncoding_awsJson1_1",
		"input/json/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1",
		"input/json_1_0/SDKAppliedContentEncoding_awsJson1_0",
		"input/json_1_0/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0",
		"input/query/SDKAppliedContentEncoding_awsQuery",
		"input/query/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery",
		"input/rest-json/SDKAppliedContentEncoding_restJson1",
		"input/rest-json/SDKAppendedGzipAfterProvidedEncoding_restJson1",
		"input/rest-xml/SDKAppliedContentEncoding_restXml",
		"input/rest-xml/SDKAppendedGzipAfterProvidedEncoding_restXml",
	}},
	{"Filling in an idempotency token is the client's.", []string{
		"input/ec2/Ec2ProtocolIdempotencyTokenAutoFill",
		"input/query/QueryProtocolIdempotencyTokenAutoFill",
		"input/rest-json/RestJsonQueryIdempotencyTokenAutoFill",
		"input/rest-xml/QueryIdempotencyTokenAutoFill",
	}},
	{"What is absent and what is empty look the same in the request.", []string{
		"input/ec2/Ec2EmptyQueryLists",
		"input/query/QueryEmptyQueryMaps",
		"input/rest-json/RestJsonHttpPrefixHeadersAreNotPresent",
		"input/rest-json/RestJsonOmitsEmptyListQueryValues",
		"input/rest-json/RestJsonHttpWithEmptyStructurePayload",
		"input/rest-json/RestJsonHttpWithHeadersButNoPayload",
		"input/rest-xml/HttpPrefixHeadersAreNotPresent",
	}},
	{"A server puts the whole query string in the map; the case has the client's map.", []string{
		"input/rest-json/RestJsonQueryParamsStringListMap",
		"input/rest-json/RestJsonQueryPrecedence",
		"input/rest-xml/AllQueryStringTypes",
		"input/rest-xml/RestXmlQueryStringEscaping",
		"input/rest-xml/RestXmlSupportsNaNFloatQueryValues",
		"input/rest-xml/RestXmlSupportsInfinityFloatQueryValues",
		"input/rest-xml/RestXmlSupportsNegativeInfinityFloatQueryValues",
		"input/rest-xml/RestXmlZeroAndFalseQueryValues",
		"input/rest-xml/RestXmlQueryParamsStringListMap",
		"input/rest-xml/RestXmlQueryPrecedence",
	}},
	{"A server writes UTC; clients must take offsets too.", []string{
		"output/ec2/Ec2QueryDateTimeWithNegativeOffset",
		"output/ec2/Ec2QueryDateTimeWithPositiveOffset",
		"output/json/AwsJson11DateTimeWithNegativeOffset",
		"output/json/AwsJson11DateTimeWithPositiveOffset",
		"output/query/AwsQueryDateTimeWithNegativeOffset",
		"output/query/AwsQueryDateTimeWithPositiveOffset",
		"output/rest-json/RestJsonDateTimeWithNegativeOffset",
		"output/rest-json/RestJsonDateTimeWithPositiveOffset",
		"output/rest-xml/RestXmlDateTimeWithNegativeOffset",
		"output/rest-xml/RestXmlDateTimeWithPositiveOffset",
	}},
	{"Clients must take this form of an error's name; the server sends the form that the protocol recommends.", []string{
		"output/json/AwsJson11FooErrorUsingXAmznErrorType",
		"output/json/AwsJson11FooErrorUsingXAmznErrorTypeWithUri",
		"output/json/AwsJson11FooErrorUsingXAmznErrorTypeWithUriAndNamespace",
		"output/json/AwsJson11FooErrorUsingCode",
		"output/json/AwsJson11FooErrorUsingCodeAndNamespace",
		"output/json/AwsJson11FooErrorUsingCodeUriAndNamespace",
		"output/json/AwsJson11FooErrorWithDunderTypeUriAndNamespace",
		"output/json_1_0/AwsJson10FooErrorUsingXAmznErrorType",
		"output/json_1_0/AwsJson10FooErrorUsingXAmznErrorTypeWithUri",
		"output/json_1_0/AwsJson10FooErrorUsingXAmznErrorTypeWithUriAndNamespace",
		"output/json_1_0/AwsJson10FooErrorUsingCode",
		"output/json_1_0/AwsJson10FooErrorUsingCodeAndNamespace",
		"output/json_1_0/AwsJson10FooErrorUsingCodeUriAndNamespace",
		"output/json_1_0/AwsJson10FooErrorWithDunderTypeUriAndNamespace",
		"output/rest-json/RestJsonFooErrorUsingXAmznErrorTypeWithUri",
		"output/rest-json/RestJsonFooErrorUsingXAmznErrorTypeWithUriAndNamespace",
		"output/rest-json/RestJsonFooErrorUsingCode",
		"output/rest-json/RestJsonFooErrorUsingCodeAndNamespace",
		"output/rest-json/RestJsonFooErrorUsingCodeUriAndNamespace",
		"output/rest-json/RestJsonFooErrorWithDunderType",
		"output/rest-json/RestJsonFooErrorWithDunderTypeAndNamespace",
		"output/rest-json/RestJsonFooErrorWithDunderTypeUriAndNamespace",
	}},
	{"Clients must take members that no shape has, and nulls; a server does not send them.", []string{
		"output/json/handles_unexpected_json_output",
		"output/json/AwsJson11DeserializeIgnoreType",
		"output/json/AwsJson11StructuresDontDeserializeNullValues",
		"output/json_1_0/AwsJson10DeserializeIgnoreType",
		"output/json_1_0/AwsJson10DeserializeAllowNulls",
		"output/json_1_0/AwsJson10HandlesUnexpectedJsonOutput",
		"output/rest-json/RestJsonDeserializesDenseSetMapAndSkipsNull",
		"output/rest-json/RestJsonDeserializeIgnoreType",
		"output/rest-json/RestJsonDoesntDeserializeNullStructureValues",
		"output/rest-xml/InvalidGreetingError",
	}},
	{"The answer has a message that the case does not give.", []string{
		"output/ec2/Ec2ComplexError",
		"output/rest-xml/ComplexError",
	}},
	{"The answer of the case leaves out a namespace that its shapes have.", []string{
		"output/ec2/Ec2XmlNamespaces",
		"output/query/QueryXmlNamespaces",
	}},
	{"The answer of the case has a header of requests, X-Amz-Target.", []string{
		"output/json/AwsJson11IntEnums",
	}},
	{"The transport writes Content-Length.", []string{
		"output/rest-json/RestJsonHttpPayloadWithUnsetUnion",
		"output/rest-xml/RestXmlHttpPayloadWithUnsetUnion",
	}},
})

type exclusion struct {
	reason string
	cases  []string
}

func byCase(list []exclusion) map[string]string {
	reasons := map[string]string{}
	for _, e := range list {
		for _, name := range e.cases {
			reasons[name] = e.reason
		}
	}
	return reasons
}
