<#macro content>
  <#if properties.contact?has_content>
    <p class="conclave-help">${msg("help", properties.contact)}</p>
  </#if>
</#macro>
