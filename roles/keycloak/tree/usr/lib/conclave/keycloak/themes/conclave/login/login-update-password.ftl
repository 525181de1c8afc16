<#-- Keycloak's page, with the rule before the first attempt. -->
<#import "template.ftl" as layout>
<#import "password-commons.ftl" as passwordCommons>
<#import "field.ftl" as field>
<#import "buttons.ftl" as buttons>
<#import "password-validation.ftl" as validator>
<@layout.registrationLayout displayMessage=!messagesPerField.existsError('password','password-confirm'); section>
  <#if section = "header">
    ${msg("updatePasswordTitle")}
  <#elseif section = "form">
    <form id="kc-passwd-update-form" class="${properties.kcFormClass!}" onsubmit="login.disabled = true; return true;" action="${url.loginAction}" method="post" novalidate="novalidate">
      <@field.password name="password-new" label=msg("passwordNewRule", passwordPolicies.length!1) fieldName="password" autocomplete="new-password" autofocus=true />
      <@field.password name="password-confirm" label=msg("passwordConfirm") autocomplete="new-password" />
      <@passwordCommons.logoutOtherSessions/>
      <@buttons.actionGroup horizontal=true>
        <@buttons.button id="kc-submit" name="login" label="doSubmit"/>
        <#if isAppInitiatedAction??>
          <@buttons.button id="kc-cancel" label="doCancel" name="cancel-aia" type="secondary"/>
        </#if>
      </@buttons.actionGroup>
    </form>
    <@validator.templates/>
    <@validator.script field="password-new"/>
  </#if>
</@layout.registrationLayout>
