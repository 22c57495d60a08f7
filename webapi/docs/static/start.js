SwaggerUIBundle({
  url: "/v1/openapi.json",
  dom_id: "#manual",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null,
});
