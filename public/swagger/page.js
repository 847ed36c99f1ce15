// The document names the root of the host as its server. Below the path of a proxy the server is here.
const base = new URL(".", location.href).href.replace(/\/$/, "");
fetch("swagger/json")
  .then((response) => response.json())
  .then((spec) => {
    SwaggerUIBundle({ dom_id: "#swagger-ui", spec: { ...spec, servers: [{ url: base }] } });
  })
  .catch(() => {
    document.getElementById("swagger-ui").textContent =
      "The document cannot be read. Load the page again.";
  });
